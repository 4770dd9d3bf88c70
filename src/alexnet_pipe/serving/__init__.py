"""What a trained classifier says of photographs that it has never seen."""
