-- The database of the recipe "Rows of a database on a sheet", for SQLite.
CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL, city text);
CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer REFERENCES customers (id),
  ordered date, total decimal(10, 2));
INSERT INTO customers VALUES (1, 'Weber Ltd', 'Lima'), (2, 'Rossi & Co', 'Rome'),
  (3, 'Berg AS', 'Oslo'), (4, 'Novak Group', 'Rome');
INSERT INTO orders VALUES (101, 1, '2026-01-07', 420), (102, 3, '2026-01-19', 1280),
  (103, 1, '2026-02-03', 310.5), (104, 4, '2026-02-11', 95), (105, 3, '2026-02-20', 640),
  (106, 2, '2026-02-27', 75.25);
