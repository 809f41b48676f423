const LOOPBACK = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Why a secret's address may not be called, as the end of a sentence; undefined = it may. The address itself is not shown. */
export function addressProblem(address: string): string | undefined {
  if (!URL.canParse(address)) return "is no URL";
  const url = new URL(address);
  if (url.username !== "" || url.password !== "") return "holds a user name or password";
  if (url.search !== "" || url.hash !== "") return "holds a query or fragment";
  if (url.protocol !== "https:" && !(url.protocol === "http:" && LOOPBACK.test(url.hostname))) {
    return "is not https (http is for loopback addresses only)";
  }
  return undefined;
}
