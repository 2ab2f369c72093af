"""What formulas are made of: the two symbols, exact arithmetic, reading text, verified arguments, signs, minima."""
