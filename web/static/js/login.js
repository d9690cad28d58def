/**
 * Whether this browser is logged in already. A link on another site leads here although it is: the browser keeps the
 * cookie to itself then, until a page of the worker's own asks.
 */

const known = document.getElementById("known");

async function look() {
  const answer = await fetch("/market", { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer || answer.status === 401) return;
  const here = location.pathname + location.search;
  if (location.pathname !== "/login") {
    if (sessionStorage.getItem("came from") === here) return; // Once is enough.
    sessionStorage.setItem("came from", here);
    location.replace(here);
    return;
  }
  known.textContent = "You are logged in.";
  document.getElementById("leave").hidden = false;
}

look();
