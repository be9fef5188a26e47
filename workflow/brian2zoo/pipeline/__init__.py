"""The configuration of the pipeline, beside the zoo and the data."""
