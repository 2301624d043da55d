"""What runs QuantScout on one machine: simulator, local stack, command line. Never shipped to Lambda."""
