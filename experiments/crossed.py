"""The mean of a table whose rows and columns are both samples (seeds and worlds, seeds and users), with its error."""
import numpy as np


def crossed(table):
    """Mean, standard error and degrees of freedom of a two-way layout without replication; of its columns when it has one row."""
    rows, columns = table.shape
    mean = table.mean()
    if rows == 1:
        return mean, table.std(ddof=1) / np.sqrt(columns), columns - 1
    by_row, by_column = table.mean(axis=1), table.mean(axis=0)
    ms_rows = columns * by_row.var(ddof=1)
    ms_columns = rows * by_column.var(ddof=1)
    rest = table - by_row[:, None] - by_column[None, :] + mean
    ms_rest = (rest ** 2).sum() / ((rows - 1) * (columns - 1))
    parts = [(1, ms_rows, rows - 1), (1, ms_columns, columns - 1), (-1, ms_rest, (rows - 1) * (columns - 1))]
    if ms_rows < ms_rest or ms_columns < ms_rest:  # a component of 0: what is left of the sum
        parts = [max(parts[:2], key=lambda part: part[1])]
    variance = sum(sign * ms for sign, ms, _ in parts) / (rows * columns)
    degrees = sum(sign * ms for sign, ms, _ in parts) ** 2 / sum(ms ** 2 / df for _, ms, df in parts)
    return mean, np.sqrt(variance), degrees
