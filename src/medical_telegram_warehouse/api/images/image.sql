SELECT * FROM marts.fct_images WHERE image_key = %(image_key)s;
