/** The style of every page: system fonts, custom properties for light and dark, nothing that has to be fetched. */
export const styles = `:root{color-scheme:light dark;--brand:#2b54c9;--on-brand:#fff;--ground:#f4f5f8;--card:#fff;--text:#191d26;--muted:#565e6d;--line:#d8dce4;--edge:#7d8594;--field:#fff;--danger:#a8201a;--danger-ground:#fdeceb;--good:#12633a;--good-ground:#e6f4eb}
@media(prefers-color-scheme:dark){:root{--ground:#11141a;--card:#1a1f28;--text:#eaedf3;--muted:#a7afbd;--line:#323a47;--edge:#7f8898;--field:#11141a;--danger:#ffb4ab;--danger-ground:#3a1613;--good:#93dfae;--good-ground:#12301f}}
*{box-sizing:border-box}[hidden]{display:none!important}
html{-webkit-text-size-adjust:100%}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;background:var(--ground);color:var(--text);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
a{color:inherit;text-underline-offset:.2em}
a:hover{text-decoration-thickness:2px}
:focus-visible{outline:3px solid var(--text);outline-offset:2px}input:focus-visible{outline-width:2px;outline-offset:-1px}
.skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:1rem;background:var(--card);padding:.5rem 1rem;z-index:1}
.top{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1.5rem;padding:1rem 1.25rem;width:100%;max-width:46rem;margin:0 auto}
.brand{display:inline-flex;align-items:center;gap:.6rem;font-weight:650;text-decoration:none}
.brand img,.brand svg{height:1.75rem;width:auto;display:block}
.top nav{display:flex;flex-wrap:wrap;gap:.25rem;margin-left:auto;align-items:center}
.top nav a{padding:.35rem .7rem;border-radius:.5rem;text-decoration:none}
.top nav a:hover{background:var(--card);text-decoration:underline}
.top nav a[aria-current]{background:var(--card);box-shadow:inset 0 0 0 1px var(--line);font-weight:600}
main{width:100%;max-width:46rem;margin:0 auto;padding:.5rem 1.25rem 3rem;flex:1}
main.narrow{max-width:27rem;padding-top:5vh}
h1{font-size:1.6rem;line-height:1.25;margin:.5rem 0 1rem;letter-spacing:-.01em;text-wrap:pretty}
h2{font-size:1.15rem;line-height:1.3;margin:0 0 .75rem}
h3{font-size:1rem;margin:1.5rem 0 .5rem}
p{margin:0 0 1rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:.9rem;padding:1.5rem;margin:0 0 1.25rem}
.card>:last-child{margin-bottom:0}
.narrow .card{padding:1.75rem}
.muted,small{color:var(--muted)}small{font-size:.875rem}
form{margin:0}form+form,form+p,p+form{margin-top:1rem}
.field{margin:0 0 1.1rem}
label{display:block;font-weight:550;margin-bottom:.3rem}
input{display:block;width:100%;padding:.6rem .75rem;font:inherit;color:inherit;background:var(--field);border:1px solid var(--edge);border-radius:.55rem}
input[aria-invalid]{border-color:var(--danger);border-width:2px}
input.code{font:1.35rem/1.4 ui-monospace,Menlo,Consolas,monospace;letter-spacing:.2em}
.check{display:flex;gap:.6rem;align-items:baseline;font-weight:400}.check input{width:1.1rem;height:1.1rem;flex:none;accent-color:var(--brand);transform:translateY(.15rem)}.check .hint{display:block;margin:.1rem 0 0}
.hint,.error{font-size:.875rem;margin:.35rem 0 0}.hint{color:var(--muted)}.error{color:var(--danger);font-weight:550}
button,.button{display:inline-block;font:inherit;font-weight:600;padding:.6rem 1.15rem;border-radius:.55rem;border:1px solid var(--brand);background:var(--brand);color:var(--on-brand);cursor:pointer;text-decoration:none;text-align:center}
button:hover,.button:hover{filter:brightness(1.08)}
.narrow form>button{width:100%}
.plain{background:transparent;color:inherit;border-color:var(--edge)}
.danger{background:transparent;color:var(--danger);border-color:var(--danger)}
.link{background:none;border:0;padding:0;font-weight:400;color:inherit;text-decoration:underline;text-underline-offset:.2em}
.alert,.notice{border-radius:.6rem;padding:.8rem 1rem;margin:0 0 1.1rem}
.alert{background:var(--danger-ground);color:var(--danger);border-left:4px solid var(--danger)}
.notice{background:var(--good-ground);color:var(--good);border-left:4px solid var(--good)}
.or{display:flex;align-items:center;gap:.8rem;color:var(--muted);margin:1.25rem 0}.or::before,.or::after{content:"";flex:1;border-top:1px solid var(--line)}
.ways{display:grid;gap:.6rem}
.row{display:flex;flex-wrap:wrap;gap:.75rem;align-items:center;justify-content:space-between}
.buttons{display:flex;flex-wrap:wrap;gap:.75rem}.buttons form{margin:0}.buttons+p{margin-top:.6rem}.row:empty{display:none}
ul.list{list-style:none;margin:0 0 1rem;padding:0}
ul.list>li{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;justify-content:space-between;padding:.9rem 0;border-top:1px solid var(--line)}
ul.list>li:first-child{border-top:0;padding-top:0}ul.list>li:last-child{padding-bottom:0}
ul.list>li>div{flex:1 1 14rem;min-width:0}
ul.list p{margin:0}
.badge{display:inline-block;font-size:.8rem;font-weight:600;padding:.1rem .55rem;border-radius:1rem;background:var(--good-ground);color:var(--good);vertical-align:.1em}:has(+.badge){margin-right:.5rem}
.badge.warn{background:var(--danger-ground);color:var(--danger)}
.qr{display:block;width:13rem;max-width:100%;background:#fff;border-radius:.6rem;margin:0 0 1rem}
.secret,pre{font:1rem/1.6 ui-monospace,Menlo,Consolas,monospace;background:var(--ground);border:1px solid var(--line);border-radius:.55rem;padding:.8rem 1rem;margin:0 0 1rem;white-space:pre-wrap;overflow-wrap:anywhere}
ol.codes{columns:12rem;list-style:none;margin:0 0 1rem;padding:.8rem 1rem;font:1rem/2 ui-monospace,Menlo,Consolas,monospace;background:var(--ground);border:1px solid var(--line);border-radius:.55rem}
footer{width:100%;max-width:46rem;margin:0 auto;padding:1rem 1.25rem 2rem;display:flex;flex-wrap:wrap;gap:.5rem 1.25rem;align-items:center;color:var(--muted);font-size:.875rem}
footer form{margin:0 0 0 auto;display:flex;gap:.75rem}footer button{font-size:.875rem;color:inherit}footer button[aria-current]{text-decoration:none;font-weight:600;cursor:default}
body:has(main.narrow) :is(.top,footer){max-width:27rem}
@media(max-width:34rem){.top nav{margin:0 -.5rem;width:calc(100% + 1rem)}.top nav a{padding:.35rem .5rem}.card,.narrow .card{padding:1.15rem}ol.codes{padding:.8rem .75rem;font-size:.85rem}}
@media print{.top nav,footer,button,.notice,.no-print{display:none!important}body{background:#fff;color:#000}.card{border:0}}`;
