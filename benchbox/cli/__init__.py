"""What a person types: one file a command. Commands parse, plan and hand over; nothing heavy is imported early."""
