"""The configuration of the pipeline, held against the zoo and the data."""
