"""What each department writes down about it, in its own native mess, and what it delivers on a day."""
