// Scrolls the sidebar to the page that is open. It runs where the sidebar ends, before anything is painted: nothing is seen to move.
{
  const pane = document.getElementById('starlight__sidebar');
  const link = pane?.querySelector('[aria-current="page"]');
  if (pane && link) {
    const above = link.getBoundingClientRect().top - pane.getBoundingClientRect().top;
    if (above < 0 || above + link.clientHeight > pane.clientHeight)
      pane.scrollTop += above - pane.clientHeight / 2;
  }
}
