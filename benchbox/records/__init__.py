"""What was seen: measurements, environments, records; JSON lines and pandas frames. No torch."""
