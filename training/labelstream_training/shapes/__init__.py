"""Bundles with the shapes of a large model in a few hundred kilobytes: to measure what labelling with it costs, not to label."""
