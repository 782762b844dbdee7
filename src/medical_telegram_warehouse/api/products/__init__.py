"""Products: what is offered, what it costs where and since when, who has it, what moved."""
