-- How foreign writes were noted when the certificate was made; null from the moment a run begins until one ends with both
-- sides in step, so that whatever a run that broke off has written, nobody takes the sides for equal without looking.
alter table glsync.certificates add column watch text;
