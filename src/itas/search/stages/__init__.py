"""The stages of a study, one per file."""
