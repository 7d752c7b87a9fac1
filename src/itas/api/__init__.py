"""One public function behind each command: opens models, benchmarks and run folders, and puts the rooms together."""
