-- A role and a database for each service; run once, when the data directory is new.
CREATE ROLE acquirer LOGIN;
CREATE DATABASE acquirer OWNER acquirer;
CREATE ROLE catalog LOGIN;
CREATE DATABASE catalog OWNER catalog;
CREATE ROLE inventory LOGIN;
CREATE DATABASE inventory OWNER inventory;
CREATE ROLE "order" LOGIN; -- a word of SQL, hence the quotes
CREATE DATABASE "order" OWNER "order";
CREATE ROLE payment LOGIN;
CREATE DATABASE payment OWNER payment;
