// A page that was opened as a file can't read the other pages, so search can't quote them.
if (location.protocol == 'file:') DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false

// Scroll the side bar to the page that you're on.
addEventListener('load', () => {
  const bar = document.querySelector('.sidebar-scroll')
  const now = bar && bar.querySelector('.current-page')
  if (now) bar.scrollTop += now.getBoundingClientRect().top - innerHeight / 2
})
