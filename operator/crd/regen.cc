// regen FOLDER: writes the CustomResourceDefinitions there.
#include <fstream>
#include <iostream>

#include "operator/crd/definition.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: regen FOLDER, usually crds\n";
    return 2;
  }
  for (const auto& file : hawser::crd::definitions()) {
    const std::string path = std::string(argv[1]) + "/" + file.name;
    std::ofstream out(path, std::ios::binary);
    if (!(out << file.text << std::flush)) {
      std::cerr << path << ": cannot be written\n";
      return 1;
    }
    std::cout << path << "\n";
  }
  return 0;
}
