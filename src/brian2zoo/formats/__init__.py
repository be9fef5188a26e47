"""The text files: their language, their formats, and how they are loaded and merged."""
