"""Twenty solid objects on a turntable, rendered here: a data set for machines without network."""
