INSERT INTO ops.lakes (lake, root) VALUES (%(lake)s, %(root)s)
ON CONFLICT (lake) DO UPDATE SET root = EXCLUDED.root
RETURNING lake_id;
