"""From a circuit to the strings of Brian2, each of which remembers its file and field. Nothing here simulates."""
