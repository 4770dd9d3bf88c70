"""`python -m alexnet_pipe` is `alexnet-pipe`."""

from alexnet_pipe.cli import main

main()
