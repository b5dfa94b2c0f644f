"""What shall run: specs, the axes they vary along, recipes, budgets, and the zoo's facts. No torch."""
