# Puts the page of the admin port into the program: its files become the strings of
# proxy/admin/page_files.h.  A change of one of them builds the strings anew.
set(page ${CMAKE_CURRENT_LIST_DIR})
file(READ ${page}/page.html PAGE_HTML)
file(READ ${page}/page.css PAGE_STYLE)
set(PAGE_SCRIPT "")
foreach(script table events sections page)
  file(READ ${page}/${script}.js text)
  string(APPEND PAGE_SCRIPT "${text}")
endforeach()
configure_file(${page}/page_files.cc.in ${PROJECT_BINARY_DIR}/page_files.cc @ONLY)
target_sources(respgate_proxy PRIVATE ${PROJECT_BINARY_DIR}/page_files.cc)
file(GLOB parts CONFIGURE_DEPENDS ${page}/*)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${parts})
