/**
 * What JavaScript improves, where it runs: buttons that copy or print, which without it are not shown, and an address
 * without the code of a visit to a provider, so that a reload does not tell of it again. Nothing needs it.
 */
export const improvements = `for(const b of document.querySelectorAll("[data-copy]")){b.hidden=false;b.onclick=async()=>{await navigator.clipboard.writeText(b.dataset.copy);b.textContent=b.dataset.done}}
for(const b of document.querySelectorAll("[data-print]")){b.hidden=false;b.onclick=()=>print()}
const u=new URL(location);if(u.searchParams.has("error")){u.searchParams.delete("error");history.replaceState(null,"",u)}`;

/** Removes the query, where a token would stay in the history and on the screen (RST-09). */
export const forgetQuery = "history.replaceState(null,'',location.pathname)";
