// Empties a string and gives its memory back.
//
// Neither `text = {}` nor `text = std::string()` does: the first is an assignment of no
// characters, the second copies an empty short string into the room that is there.
#pragma once

#include <string>

namespace respgate::proxy {

inline void give_back_memory(std::string& text) { std::string().swap(text); }

}  // namespace respgate::proxy
