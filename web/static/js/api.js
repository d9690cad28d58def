/** Questions to the worker that served this page. */

/** An answer that is no 200: its status and its sentence. */
export class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** The JSON at a path; parameters that are null or undefined are left out. Throws ApiError. */
export async function get(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined) query.set(name, value);
  }
  const address = query.size ? `${path}?${query}` : path;
  let answer;
  try {
    answer = await fetch(address, { headers: { Accept: "application/json" } });
  } catch {
    throw new ApiError(0, "The worker does not answer.");
  }
  // The login has ended, or the token is another one: the worker answers the page's address with the form.
  if (answer.status === 401 && answer.headers.has("WWW-Authenticate")) location.reload();
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new ApiError(answer.status, body.detail ?? `The worker answered ${answer.status}.`);
  return body;
}
