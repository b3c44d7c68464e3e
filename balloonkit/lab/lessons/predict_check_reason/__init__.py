"""Questions made and marked by the model."""
