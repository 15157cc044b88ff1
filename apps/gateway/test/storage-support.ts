/** The name that a browser saves an attachment under: RFC 6266's encoded form wins over the plain one. */
export function fileNameIn(disposition: string): string | undefined {
  const encoded = /filename\*=UTF-8''([^;]+)$/.exec(disposition)?.[1];
  if (encoded !== undefined) return decodeURIComponent(encoded);
  const quoted = /filename="((?:[^"\\]|\\.)*)"$/.exec(disposition)?.[1];
  return quoted?.replaceAll(/\\(.)/g, "$1") ?? /filename=([^\s"]+)$/.exec(disposition)?.[1];
}
