-- The same shop as postgres.sql, for MariaDB.
CREATE DATABASE shop CHARACTER SET utf8mb4;
CREATE DATABASE stock;
USE shop;
CREATE TABLE customers (id integer PRIMARY KEY, name varchar(60) NOT NULL, city varchar(40));
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id integer, total decimal(10,2), ordered
  date, paid boolean, FOREIGN KEY (customer_id) REFERENCES customers (id));
CREATE TABLE kinds (id integer, amount decimal(20,4), huge decimal(40,0), big bigint, day date,
  moment datetime, zoned timestamp NULL, clock time, yes boolean, bytes varbinary(9), doc json,
  uid char(36), ratio double, note text);
INSERT INTO customers SELECT seq, CONCAT('Customer ', seq), ELT(seq % 3 + 1, 'Rome', 'Oslo',
  'Lima') FROM seq_1_to_30;
INSERT INTO orders SELECT seq, seq % 30 + 1, seq * 1.25, DATE '2026-01-01' + INTERVAL seq % 90
  DAY, seq % 2 = 0 FROM seq_1_to_2000;
INSERT INTO kinds VALUES (1, 1234.5600, 123456789012345678901234567890, 9007199254740993,
  '2026-02-28', '2026-02-28 13:14:15', '2026-02-28 11:14:15', '06:30:00', true, X'00ff10', '{"a": [1, "x"]}', '7f8a1c9e-0000-4000-8000-00000000abcd', 0.1, '=1+1');
INSERT INTO kinds (id) VALUES (2);
CREATE VIEW rich AS SELECT * FROM orders WHERE total > 2000;
CREATE TABLE secrets (word text);
CREATE SEQUENCE numbers;
CREATE USER {reader}@'127.0.0.1' IDENTIFIED BY '{password}';
GRANT SELECT ON shop.customers TO {reader}@'127.0.0.1';
GRANT SELECT ON shop.orders TO {reader}@'127.0.0.1';
GRANT SELECT ON shop.kinds TO {reader}@'127.0.0.1';
GRANT SELECT ON shop.rich TO {reader}@'127.0.0.1';
GRANT SELECT, INSERT ON shop.numbers TO {reader}@'127.0.0.1';
GRANT INSERT, UPDATE, DELETE ON shop.customers TO {reader}@'127.0.0.1';
GRANT FILE ON *.* TO {reader}@'127.0.0.1';
