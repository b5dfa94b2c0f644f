"""What a run has seen so far: phases by name and seconds."""

from runs import Events

from benchbox.engine.findings import Findings


def test_a_phase_ends_where_the_next_begins_and_the_last_one_with_the_run() -> None:
    findings = Findings(Events())
    findings.begin_phase("build", now=1.0)
    assert findings.phases == []
    findings.begin_phase("timing", now=3.0)
    assert findings.phases == [("build", 2.0)]
    findings.end_phase(now=7.0)
    findings.end_phase(now=9.0)
    assert findings.phases == [("build", 2.0), ("timing", 4.0)]


def test_a_run_without_a_phase_has_none() -> None:
    findings = Findings(Events())
    findings.end_phase(now=1.0)
    assert findings.phases == []


def test_phases_are_told_by_their_context_alone() -> None:
    events = Events()
    Findings(events).begin_phase("build", now=0.0)
    assert events == []
