"""Strings of Brian2, line by line with their source, and how linear equations move on by a step."""
