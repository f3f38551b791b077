// A page opened as a file may not read the other pages, from which search would quote.
if (location.protocol == 'file:') DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false
