"""What every request passes before FastAPI sees it, and every answer before it is sent.

`edge` is the one ASGI layer and calls the others: `requests` refuses what is too long or not for us, `keys` knows who
asks, `rate_limit` how often, `cache` what was answered before, `security_headers` what browsers are told. It is one
layer, not six, because an answer from the cache must cost less than an endpoint that does nothing.
"""
