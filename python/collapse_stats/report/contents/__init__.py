"""The parts of the JSON object that are more than a formula for each figure."""
