"""The command line: translates, calls a public function, prints."""
