"""The pool of read-only connections, snapshots of the warehouse, its version, and the `.sql` files of each noun."""
