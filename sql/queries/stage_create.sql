-- Where a page of rows lands before it is compared; typed as the target, gone with the transaction.
create temporary table {stage} ({columns}) on commit drop
