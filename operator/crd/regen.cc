// regen FOLDER: writes the CustomResourceDefinitions and their reference into the sources there.
#include <fstream>
#include <iostream>

#include "operator/crd/definition.h"
#include "operator/crd/reference.h"

namespace {

bool write(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  const bool written = static_cast<bool>(out << text << std::flush);
  (written ? std::cout : std::cerr) << path << (written ? "\n" : ": cannot be written\n");
  return written;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: regen FOLDER, the top of the sources\n";
    return 2;
  }
  const std::string top = argv[1];
  bool written = write(top + "/docs/reference.md", hawser::crd::reference());
  for (const auto& file : hawser::crd::definitions())
    written = write(top + "/crds/" + file.name, file.text) && written;
  return written ? 0 : 1;
}
