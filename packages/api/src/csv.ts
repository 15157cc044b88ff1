import { stringify } from "csv-stringify/sync";

export const csvMediaType = "text/csv; charset=utf-8";

export type CsvCell = string | number | undefined;

/**
 * One line of a CSV file (RFC 4180), its end included. A cell that a spreadsheet would run as a formula gets an
 * apostrophe before it: log lines and user names hold what strangers sent.
 */
export function csvRow(cells: readonly CsvCell[]): string {
  return stringify([cells], { record_delimiter: "\r\n", escape_formulas: true, quoted_match: /[\r\n]/ });
}
