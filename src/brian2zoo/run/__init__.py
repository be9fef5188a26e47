"""From composed strings to results: Brian2 objects, programs, sessions, trainings, tests, traces."""
