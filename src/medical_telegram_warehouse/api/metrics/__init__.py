"""What Prometheus reads at /metrics: how requests fare, the cache, the pool, and what the warehouse holds."""
