// A page opened as a file may not read the other pages, from which search would quote.
if (location.protocol == 'file:') DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false

// The side bar shows where one is.
addEventListener('load', () => {
  const bar = document.querySelector('.sidebar-scroll')
  const now = bar && bar.querySelector('.current-page')
  if (now) bar.scrollTop += now.getBoundingClientRect().top - innerHeight / 2
})
