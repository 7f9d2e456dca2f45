"""How the page looks, beside Gradio's own style: its tables, notes and the report's frame, in light and dark."""

HEAD = '<meta name="description" content="Semantic multi-object tracking">'

STYLE = """
:root { --smot-soft: #4b5563; --smot-bad: #a40000; --smot-link: #0b5394; }
.dark { --smot-soft: #c3c9d2; --smot-bad: #ff9d9d; --smot-link: #8cc4ff; }
.gradio-container h1 { font-size: 1.7rem; margin: 0; }
.gradio-container h2 { font-size: 1.2rem; margin: .4rem 0 0; }
.gradio-container .soft, .gradio-container small, .gradio-container figcaption { color: var(--smot-soft); }
.gradio-container a { color: var(--smot-link); text-decoration: underline; padding: 0 !important; }
.gradio-container .bad, .gradio-container .note[role=alert] { color: var(--smot-bad); }
.gradio-container .note { margin: .2rem 0; font-weight: 600; overflow-wrap: anywhere; }
.gradio-container progress { width: 100%; height: .8rem; }
#picture img { width: 100%; max-width: 720px; border-radius: .4rem; }
#picture figure { margin: 0; }
.gradio-container button.primary { background: #0b5394; color: #fff; }
.gradio-container button.primary:hover { background: #083d6e; }
.gradio-container .or { color: inherit; }
.gradio-container ::placeholder { color: var(--smot-soft); opacity: 1; }
.table { overflow-x: auto; }
.table table { border-collapse: collapse; width: 100%; min-width: 34rem; }
.gradio-container .table :is(table, thead, tbody, tr, th, td) { border: 0; }
.gradio-container .table :is(th, td) { border-bottom: 1px solid var(--border-color-primary); padding: .35rem .6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.gradio-container .table tbody th { font-weight: 600; max-width: 16rem; }
.gradio-container .table :is(thead th, tr > :first-child) { min-width: 7rem; overflow-wrap: break-word; }
@media (max-width: 640px) {
  .table table { min-width: 0; }
  .table :is(table, tbody, tr, th, td) { display: block; max-width: none; }
  .table thead { position: absolute; clip-path: inset(50%); }
  .table tbody :is(th, td) { border: 0; padding: .1rem 0; }
  .table tbody tr { border-bottom: 1px solid var(--border-color-primary); padding: .35rem 0; }
  .table tbody td:empty { display: none; }
}
iframe.report { width: 100%; height: 85vh; border: 1px solid var(--border-color-primary); border-radius: .4rem; background: var(--body-background-fill); }
"""
