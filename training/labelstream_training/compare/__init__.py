"""One harness for all heads: token cache, training, conditions and the report."""
