"""llama.cpp's own server on a model file. Run with the interpreter of the server; serves until its input ends."""

import sys

import xllamacpp


def serve(model: str, port: int) -> None:
    """Print the address once it listens."""
    settings = xllamacpp.CommonParams()
    settings.model.path = model
    settings.hostnames = ["127.0.0.1"]
    settings.port = port
    settings.n_ctx = 4096
    settings.n_parallel = 2
    settings.use_jinja = True
    settings.warmup = False
    settings.cpuparams.n_threads = 1
    server = xllamacpp.Server(settings)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
