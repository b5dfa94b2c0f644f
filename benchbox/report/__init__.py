"""Records → what people read: tables on a terminal, CSV, Markdown, plots, the live display, the log.

Values arrive in seconds, bytes and ratios and become text here, once. Nothing is measured or judged here.
"""
