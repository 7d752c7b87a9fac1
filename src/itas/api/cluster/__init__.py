"""Work on several machines: problems are answered and scored by workers on the nodes of a Ray cluster."""
