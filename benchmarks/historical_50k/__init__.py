"""historical_50k: 50,578 versions of 5,156 people of the past with invented errors, published by Splink's authors."""
