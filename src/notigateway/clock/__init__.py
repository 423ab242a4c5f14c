"""What time does: lapses, outages that stop the clock, working days."""
