"""Write the API reference from the docstrings: python scripts/api_reference.py build/docs."""

import argparse
import pkgutil
import warnings
from pathlib import Path

import pdoc

import smot_vlm


def main() -> None:
    """Parse the argument and write one page a module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder to write")
    folder = parser.parse_args().folder
    # The package imports its public classes when they are first used; pdoc looks for them without using them.
    for name in smot_vlm.__all__:
        setattr(smot_vlm, name, getattr(smot_vlm, name))
    # Each by name, since pdoc takes a package's __all__ for the list of its modules; where there is none it finds them twice.
    warnings.filterwarnings("ignore", message="The module specification")
    modules = [module.name for module in pkgutil.walk_packages(smot_vlm.__path__, "smot_vlm.")]
    pdoc.render.configure(docformat="google")
    pdoc.pdoc("smot_vlm", *modules, output_directory=folder)
    print(f"{folder}: {len(modules) + 1} modules")


if __name__ == "__main__":
    main()
