"""The state of a machine at one moment: what else it was doing beside a run."""

import msgspec


class GpuState(msgspec.Struct, frozen=True, kw_only=True):
    """One NVIDIA GPU as its driver sees it; None or empty where the driver does not say.

    `throttled` are the reasons why its clocks are held down now, `hot_seconds` how long heat has held them down
    since the driver was loaded. `foreign` are the processes of others that compute on it.
    """

    clock_hertz: float | None = None
    memory_clock_hertz: float | None = None
    temperature_celsius: float | None = None
    power_watts: float | None = None
    throttled: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    hot_seconds: float | None = None


class MachineState(msgspec.Struct, frozen=True, kw_only=True):
    """A machine at one moment; None where the system does not say.

    `seconds` is a clock's reading: only the difference of two means anything. `load` is the mean count of runnable
    processes over a minute. `runnable` counts those that are running or
    waiting for a core now, this one included. `busy_seconds` and `stolen_seconds` are counters since the start of
    the machine, summed over the `cores` that this process may use: seconds of work of all processes, and seconds
    that the host gave to others. `own_seconds` are this process's seconds of work, its children's included. Two
    states give shares over the time between them.
    """

    seconds: float
    load: float | None = None
    runnable: int | None = None
    frequency_hertz: float | None = None
    busy_seconds: float | None = None
    stolen_seconds: float | None = None
    own_seconds: float | None = None
    gpu: GpuState | None = None
    cores: int | None = None
