"""How well-known data sets are laid out, in small: the classes and splits that come of them, or what the error says."""

import re
from collections.abc import Iterator

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.folders.layout import index_members

WITH_CLASSES = {
    "Freiburg groceries": (["images/{BEANS/BEANS,CAKE/CAKE}000{1,2}.png"], "train: BEANS CAKE"),
    "Intel scenes": (
        [
            "seg_train/seg_train/{sea,street}/{1,2}.jpg",
            "seg_test/seg_test/{sea,street}/3.jpg",
            "seg_pred/seg_pred/4.jpg",
        ],
        "train: sea street; test: sea street",
    ),
    "ASL alphabet": (
        [
            "asl_alphabet_train/asl_alphabet_train/{A,B,del,nothing,space}/{1,2}.jpg",
            "asl_alphabet_test/asl_alphabet_test/{A,B,nothing}_test.jpg",
        ],
        "train: A B del nothing space",
    ),
    "sign digits, one level deeper": (["Dataset/{0,1,2,10}/{1,2}.JPG", "README.md"], "train: 0 1 10 2"),
    "traffic signs of Kaggle": (
        [
            "{Train,train}/{0,1,42}/{1,2}.png",
            "{Meta,meta}/{0,1,42}.png",
            "{Test,test}/{00000,00001}.png",
            "{Train,Test,Meta}.csv",
        ],
        "train: 0 1 42",
    ),
    "GTSRB": (
        ["GTSRB/Final_Training/Images/{00000,00001}/{1_2.ppm,GT-00000.csv}", "GTSRB/Readme-Images.txt"],
        "train: 00000 00001",
    ),
    "PlantVillage of emmarex": (
        ["PlantVillage/{Pepper,Potato}/{1,2}.JPG", "PlantVillage/PlantVillage/{Pepper,Potato}/{1,2}.JPG"],
        "train: Pepper Potato",
    ),
    "new plant diseases": (
        [
            "{N,n}ew Plant Diseases/New Plant Diseases(Augmented)/{train,valid}/{Apple,Corn}/{1,2}.JPG",
            "test/test/{AppleRust1,CornRust2}.JPG",
        ],
        "train: Apple Corn; validation: Apple Corn",
    ),
    "malaria": (
        ["{,cell_images/}cell_images/{Parasitized,Uninfected}/{1,2}.png", "cell_images/Uninfected/Thumbs.db"],
        "train: Parasitized Uninfected",
    ),
    "brain tumours, yes and no": (["{,brain_tumor_dataset/}{yes,no}/{1,2}.jpg"], "train: no yes"),
    "chest X-ray": (
        [
            "chest_xray/{,chest_xray/}{train,test,val}/{NORMAL,PNEUMONIA}/{1,2}.jpeg",
            "chest_xray/__MACOSX/chest_xray/train/NORMAL/._1.jpeg",
            "chest_xray/chest_xray/.DS_Store",
        ],
        "train: NORMAL PNEUMONIA; validation: NORMAL PNEUMONIA; test: NORMAL PNEUMONIA",
    ),
    "BreakHis, a magnification a folder": (
        ["benign/{40X,100X,200X,400X}/{B1,B2}.png", "malignant/{40X,100X,200X,400X}/{M3,M4}.png"],
        "train: benign malignant",
    ),
    "brain tumour MRI": (
        ["{Training,Testing}/{glioma,meningioma,notumor,pituitary}/{1,2}.jpg"],
        "train: glioma meningioma notumor pituitary; test: glioma meningioma notumor pituitary",
    ),
    "TrashNet": (["dataset-resized/{glass,metal,trash}/{1,2}.jpg"], "train: glass metal trash"),
    "Food-101": (
        [
            "food-101/images/{sushi,ramen}/{1,2}.jpg",
            "food-101/meta/{classes.txt,train.json}",
            "food-101/license_agreement.txt",
        ],
        "train: ramen sushi",
    ),
    "CUB": (
        [
            "CUB_200_2011/images/{001.Albatross,002.Auklet}/{1,2}.jpg",
            "CUB_200_2011/attributes/{certainties,labels}.txt",
            "CUB_200_2011/{parts/parts.txt,images.txt,README}",
            "segmentations/{001.Albatross,002.Auklet}/{1,2}.png",
        ],
        "train: 001.Albatross 002.Auklet",
    ),
    "ImageNet of Kaggle": (
        [
            "ILSVRC/Annotations/CLS-LOC/{train/n01440764,val}/1.xml",
            "ILSVRC/ImageSets/CLS-LOC/{train,val}.txt",
            "ILSVRC/Data/CLS-LOC/train/{n01440764,n01443537}/{1,2}.JPEG",
            "ILSVRC/Data/CLS-LOC/{val,test}/3.JPEG",
            "LOC_{synset_mapping.txt,val_solution.csv}",
        ],
        "train: n01440764 n01443537",
    ),
    "Stanford Dogs": (
        [
            "images/Images/n0208562{0-Chihuahua,1-Pug}/{1,2}.jpg",
            "annotations/Annotation/n0208562{0-Chihuahua,1-Pug}/{1,2}",
        ],
        "train: n02085620-Chihuahua n02085621-Pug",
    ),
    "Tiny ImageNet": (
        [
            "tiny-imagenet-200/train/{n01443537,n01629819}/images/{1,2}.JPEG",
            "tiny-imagenet-200/train/n01443537/n_boxes.txt",
            "tiny-imagenet-200/{val,test}/images/{1,2}.JPEG",
            "tiny-imagenet-200/val/val_annotations.txt",
        ],
        "train: n01443537 n01629819",
    ),
    "fruits-360": (
        [
            "fruits-360_dataset/fruits-360/{Training,Test}/{Apple Braeburn,Kiwi}/{1_100,2_100}.jpg",
            "fruits-360_dataset/fruits-360/{test-multiple_fruits/a.jpg,papers/a.pdf,LICENSE,readme.md}",
        ],
        "train: Apple Braeburn Kiwi; test: Apple Braeburn Kiwi",
    ),
    "EuroSAT": (["2750/{AnnualCrop,Forest,River}/{1,2}.jpg"], "train: AnnualCrop Forest River"),
    "flowers, copied into themselves": (
        ["flowers/{,flowers/}{daisy,rose,tulip}/{1,2}.jpg"],
        "train: daisy rose tulip",
    ),
    "flower photos": (["flower_photos/{daisy,roses}/{1,2}.jpg", "flower_photos/LICENSE.txt"], "train: daisy roses"),
    "Caltech-101": (
        [
            "caltech-101/101_ObjectCategories/{accordion,BACKGROUND_Google}/{1,2}.jpg",
            "caltech-101/Annotations/accordion/1.mat",
            "caltech-101/show_annotation.m",
        ],
        "train: BACKGROUND_Google accordion",
    ),
    "cat and dog": (
        [
            "{training_set/training,test_set/test}_set/{cats,dogs}/{1,2}.jpg",
            "{training_set/training,test_set/test}_set/cats/_DS_Store",
        ],
        "train: cats dogs; test: cats dogs",
    ),
    "dogs vs. cats, sorted by a user": (
        [
            "dogs-vs-cats/{train,validation}/{cats,dogs}/{1,2}.jpg",
            "dogs-vs-cats/test1/{1,2}.jpg",
            "dogs-vs-cats/sampleSubmission.csv",
        ],
        "train: cats dogs; validation: cats dogs",
    ),
    "a course's data set with one photograph to try": (
        ["dataset/{training_set,test_set}/{cats,dogs}/{1,2}.jpg", "dataset/single_prediction/cat_or_dog_1.jpg"],
        "train: cats dogs; test: cats dogs",
    ),
    "PetImages": (["PetImages/{Cat,Dog}/{1,2}.jpg", "readme[1].txt", "MSR-LA - 3467.docx"], "train: Cat Dog"),
    "rock, paper, scissors, twice": (
        ["{,rps-cv-images/}{paper,rock,scissors}/{1,2}.png", "{,rps-cv-images/}README_rpc-cv-images.txt"],
        "train: paper rock scissors",
    ),
    "rock, paper, scissors as rendered": (
        ["rps/rps/{paper,rock,scissors}/{1,2}.png", "rps-test-set/rps-test-set/{paper,rock,scissors}/1.png"],
        "train: paper rock scissors; test: paper rock scissors",
    ),
    "horse or human": (
        ["{,validation-}horse-or-human/{horses,humans}/{1,2}.png"],
        "train: horses humans; validation: horses humans",
    ),
    "rock, paper, scissors with photographs to validate": (
        ["Rock-Paper-Scissors/{train,test}/{paper,rock}/{1,2}.png", "Rock-Paper-Scissors/validation/rock1.png"],
        "train: paper rock; test: paper rock",
    ),
    "COVID radiography": (
        [
            "COVID-19_Radiography_Dataset/{COVID,Lung_Opacity,Normal,Viral Pneumonia}/{images,masks}/{1,2}.png",
            "COVID-19_Radiography_Dataset/{COVID.metadata.xlsx,README.md.txt}",
        ],
        "train: COVID Lung_Opacity Normal Viral Pneumonia",
    ),
    "Places": (
        ["places365_standard/{train,val}/{airfield,zoo}/{1,2}.jpg", "places365_standard/{train,val}_list.txt"],
        "train: airfield zoo; validation: airfield zoo",
    ),
    "Places and SUN by initials": (["data_256/{a/{abbey,airfield},z/zoo}/{1,2}.jpg"], "train: abbey airfield zoo"),
    "MNIST as photographs": (
        [
            "{trainingSet/trainingSet,trainingSample/trainingSample}/{0,1}/1.jpg",
            "trainingSet/trainingSet/{0,1}/2.jpg",
            "testSet/testSet/{1,2}.jpg",
        ],
        "train: 0 1",
    ),
    "imagenette": (
        ["imagenette2-160/{train,val}/{n01440764,n02102040}/{1,2}.JPEG", "imagenette2-160/noisy_imagenette.csv"],
        "train: n01440764 n02102040; validation: n01440764 n02102040",
    ),
    "people's videos, counted": (["dive/dive_{1,2,3}/{1,2}.jpg", "run/run_{1,2}/{1,2}.jpg"], "train: dive run"),
    "distracted drivers": (
        ["imgs/train/c{0,1,9}/{1,2}.jpg", "imgs/test/{1,2}.jpg", "driver_imgs_list.csv"],
        "train: c0 c1 c9",
    ),
    "cervical cancer": (["train/Type_{1,2,3}/{1,2}.jpg", "test/{1,2}.jpg"], "train: Type_1 Type_2 Type_3"),
    "batches with classes": (["batch_{1,2}/{cats,dogs}/{1,2}.jpg"], "train: cats dogs"),
    "monkeys": (
        ["{training/training,validation/validation}/n{0,1,2}/{1,2}.jpg", "monkey_labels.txt"],
        "train: n0 n1 n2; validation: n0 n1 n2",
    ),
    "ImageNet in parts": (
        ["train.X{1/{n01,n02},2/{n03,n04}}/1.JPEG", "val.X/{n01,n02,n03,n04}/2.JPEG", "Labels.json"],
        "train: n01 n02 n03 n04; validation: n01 n02 n03 n04",
    ),
    "natural images, once more in a wrapper": (
        ["{,data/}natural_images/{airplane,car}/{1,2}.jpg"],
        "train: airplane car",
    ),
    "initials above two levels": (
        ["{b/balcony/{exterior,interior},z/zoo}/{1,2}.jpg"],
        "train: balcony exterior balcony interior zoo",
    ),
    "photographs to translate beside classes": (
        ["{train_images,test_images}/{1,2}/a.png", "unlabeled_images/b.png"],
        "train: 1 2; test: 1 2",
    ),
    "splits below a split": (
        ["{train/{train,val},test}/{cats,dogs}/{1,2}.jpg"],
        "train: cats dogs; validation: cats dogs; test: cats dogs",
    ),
    "a network drive's thumbnails": (
        ["pets/{cats,dogs,@eaDir}/{1,2}.jpg", "pets/cats/@eaDir/1.jpg"],
        "train: cats dogs",
    ),
    "splits below each class": (["{bottle,cable}/{train,test}/{1,2}.jpg"], "train: bottle cable; test: bottle cable"),
    "years with classes in them": (["{2019,2020}/{cats,dogs}/{1,2}.jpg"], "train: cats dogs"),
    "years in a class": (["cats/{2019,2020}/{1,2}.jpg", "dogs/{2020,2021}/{1,2}.jpg"], "train: cats dogs"),
    "aeroplanes": (["{737,737-200,747-100}/{1,2}.jpg"], "train: 737 737-200 747-100"),
    "numbers as in GTSRB": (["{00000,00001}/{00000,00001}_0000{1,2}.ppm"], "train: 00000 00001"),
    "a class like a split": (["{airport,test tube,train station}/{1,2}.jpg"], "train: airport test tube train station"),
    "masks that are a class": (["{mask,no_mask}/{1,2}.png"], "train: mask no_mask"),
    "letters in both cases": (["{a,A,b}/{1,2}.png"], "train: A a b"),
    "images and labels of a split": (
        ["data/{train,val}/{cats,dogs}/{images/{1,2}.jpg,labels/{1,2}.txt}"],
        "train: cats dogs; validation: cats dogs",
    ),
}

REFUSED = {
    "PlantVillage": (
        ["plantvillage dataset/{color,grayscale,segmented}/{Apple___healthy,Apple___scab,Corn_(maize)}/{1,2}.JPG"],
        "set/plantvillage dataset: 'color', 'grayscale', 'segmented' have the same folders ('Apple___healthy', "
        "'Apple___scab', 'Corn_(maize)'), so they look like versions of one set: point dataset.location to one of them",
    ),
    "PlantVillage, a class less in one of them": (
        ["{color,segmented}/{Apple,Corn,Grape}/{1,2}.JPG", "color/Potato/1.JPG"],
        "'color', 'segmented' have the same folders",
    ),
    "EuroSAT in two kinds of bands": (
        ["EuroSAT/{Forest,River}/{1,2}.jpg", "EuroSATallBands/{Forest,River}/{1,2}.tif", "EuroSAT/label_map.json"],
        "'EuroSAT', 'EuroSATallBands' have the same folders ('Forest', 'River')",
    ),
    "fruits-360 in two sizes": (
        ["fruits-360_{100x100,original-size}/fruits-360/{Training,Test}/{Apple,Kiwi}/{1,2}.jpg"],
        "'fruits-360_100x100', 'fruits-360_original-size' have the same folders ('Test', 'Training')",
    ),
    "two versions of one split": (
        ["{train_original,train_augmented,test}/{cats,dogs}/{1,2}.jpg"],
        "'train_augmented', 'train_original' have the same folders, and all look like the train split: keep one",
    ),
    "MVTec": (
        ["{bottle,cable}/{train/good,test/good,test/broken,ground_truth/broken}/{1,2}.png"],
        "'bottle', 'cable' have the same folders ('ground_truth', 'test', 'train')",
    ),
    "HAM10000": (
        ["HAM10000_images_part_{1,2}/ISIC_{1,2}.jpg", "HAM10000_metadata.csv"],
        "'HAM10000_images_part_1', 'HAM10000_images_part_2' look like parts of one set, not like classes",
    ),
    "CheXpert": (
        ["train/patient{1,2,3}/study{1,2}/view1_frontal.jpg", "train.csv"],
        "'study1', 'study2' look like parts of one set, not like classes",
    ),
    "frames of videos": (
        ["{video_1,video_2}/{1,2}.png"],
        "'video_1', 'video_2' look like parts of one set, not like classes",
    ),
    "photographs of days": (
        ["{2024-05-17,2024-05-18 trip}/{1,2}.jpg"],
        "'2024-05-17', '2024-05-18 trip' look like parts of one set, not like classes",
    ),
    "photographs of years": (
        ["{2019,2020 Rome}/{1,2}.jpg"],
        "look like parts of one set, not like classes: put the photographs of each class into a folder of their own, "
        "or list them in a train.txt, `path label` a line; if these are the classes, set dataset.labels to 'folders'",
    ),
    "photographs of days, the European way": (["{17.05.2024,3.12.2024}/{1,2}.jpg"], "look like parts of one set"),
    "photographs of months": (["{January,may 2019}/{1,2}.jpg"], "look like parts of one set"),
    "photographs of an account": (["photos/Photos from {2019,2020}/{1,2}.jpg"], "look like parts of one set"),
    "photographs of years in each split": (["{train,test}/{2019,2020}/{1,2}.jpg"], "look like parts of one set"),
    "months in years": (["2019/{01,02}/{1,2}.jpg", "2020/{03,04}/{1,2}.jpg"], "cannot be told"),
    "photographs of places": (["site_{1,2}/{1,2}.jpg"], "look like parts of one set"),
    "a scan of each patient": (
        ["patient{1,2,3}/{1,2}.png"],
        "'patient1', 'patient2', 'patient3' look like parts of one set, not like classes",
    ),
    "what a notebook has drawn beside classes": (
        ["{cats,dogs,plots}/{1,2}.png"],
        "by its name, 'plots' is no class like those beside it",
    ),
    "duplicates beside classes": (
        ["{cats,dogs,duplicates}/{1,2}.png"],
        "by its name, 'duplicates' is no class like those beside it",
    ),
    "a copy of a class": (
        ["{cats,dogs,dogs - Copy}/{1,2}.png"],
        "by its name, 'dogs - Copy' is a copy or a part of 'dogs'",
    ),
    "an old class": (["{cats,cats_old,dogs}/{1,2}.png"], "by its name, 'cats_old' is a copy or a part of 'cats'"),
    "a class downloaded twice": (
        ["{cats,cats (1),dogs}/{1,2}.png"],
        "by its name, 'cats (1)' is a copy or a part of 'cats'",
    ),
    "a class and more of it": (
        ["{cats,cats_2,dogs}/{1,2}.png"],
        "'cats_2' is a copy or a part of 'cats': move it away or",
    ),
    "a class and its variants": (["{cats,cats_aug,dogs}/{1,2}.png"], "'cats_aug' is a copy or a part of 'cats'"),
    "img2dataset": (["00000/00000000{1,2}.{jpg,txt}", "00001/00001000{1,2}.{jpg,txt}"], "look like parts of one set"),
    "shards of StyleGAN": (["{00000/img0000000{1,2},00001/img0000100{1,2}}.png", "dataset.json"], "look like parts of"),
    "shards by digest": (
        [f"{name}/{name}{'0f' * 12}{last}.jpg" for name in ("a", "3f") for last in (1, 2)],
        "look like parts",
    ),
    "CVC-ClinicDB": (
        ["Original/{1,2}.png", "Ground Truth/{1,2}.png"],
        "'Ground Truth' may hold masks or the like of the",
    ),
    "masks by their names": (["CXR_png/{a,b}.png", "masks/{a_mask,b_mask}.png"], "'masks' may hold masks or the like"),
    "IQ-OTHNCCD": (["{Bengin,Malignant,Normal,Test} cases/{1,2}.jpg"], "by its name, 'Test cases' is no class"),
    "Br35H": (["{yes,no,pred}/{1,2}.jpg"], "by its name, 'pred' is no class"),
    "counted classes in groups": (["apple/level_{1,2}/{1,2}.jpg", "pear/level_{6,7}/{1,2}.jpg"], "cannot be told"),
    "CBIS-DDSM": (["jpeg/1.3.6.1.4.1.9590.100.1.2.{10,11}/{1,2}-172.jpg"], "called as things are by programs"),
    "a digest a folder": (["{35cbf0f19c55,4283fefc63f0}/{1,2}.jpg"], "called as things are by programs"),
    "NIH chest X-rays": (["images_00{1,2,3}/images/{1,2}.png", "Data_Entry_2017.csv"], "look like parts of one set"),
    "a camera's card": (["DCIM/{100CANON,101CANON}/IMG_{1,2}.JPG"], "look like parts of one set"),
    "parts of a split": (["train/{part1,part2}/{1,2}.jpg"], "set/train: 'part1', 'part2' look like parts of one set"),
    "dogs vs. cats as Kaggle has it": (
        ["dogs-vs-cats/{train/{cat,dog}.{0,1},test1/{1,2}}.jpg"],
        "set/dogs-vs-cats: no class folders are in 'test1', 'train', whose names are those of splits: put the",
    ),
    "horses and zebras to translate": (
        ["{trainA,trainB,testA,testB}/{1,2}.jpg"],
        "no class folders are in 'testA', 'testB'",
    ),
    "scenes without class folders": (["seg_{train,test}/{1,2}.jpg"], "no class folders are in 'seg_test', 'seg_train'"),
    "scenes without class folders, and some to predict": (
        ["seg_{train,test,pred}/{1,2}.jpg"],
        "no class folders are in 'seg_test', 'seg_train'",
    ),
    "pedestrians": (
        ["{bounding_box_train,bounding_box_test,query}/0001_c1.jpg"],
        "no class folders are in 'bounding_box_test', 'bounding_box_train'",
    ),
    "folds of a cross-validation": (
        ["Fold {1,2}/{train,test}/{benign,malignant}/{1,2}.png"],
        "'Fold 1', 'Fold 2' have the same",
    ),
    "domains": (
        ["{amazon,dslr}/images/{bike,mug}/{1,2}.jpg"],
        "'amazon', 'dslr' have the same folders ('bike', 'mug')",
    ),
    "kingdoms of numbered species": (
        ["train_val2019/{Plants/{1,2},Birds/{3,4}}/{1,2}.jpg"],
        "whether 'Birds', 'Plants' are the classes, or the folders in them ('3', '4'), cannot be told",
    ),
    "Simpsons": (
        [
            "simpsons_dataset/{,simpsons_dataset/}{bart,lisa}/{1,2}.jpg",
            "kaggle_simpson_testset/kaggle_simpson_testset/bart_1.jpg",
        ],
        "'simpsons_dataset' holds several folders of photographs ('bart', 'lisa', 'simpsons_dataset'), and beside it",
    ),
    "Oxford pets": (
        ["images/{Abyssinian,beagle}_{1,2}.jpg", "annotations/{trimaps/{1,2}.png,xmls/1.xml,list.txt}"],
        "set has no class folders: all photographs lie in 'images'",
    ),
    "lungs and colons": (
        ["lung_colon_image_set/{lung_image_sets/lung_{aca,n},colon_image_sets/colon_{aca,n}}/{1,2}.jpeg"],
        "whether 'colon_image_sets', 'lung_image_sets' are the classes, or the folders in them ('colon_aca', 'colon_n')"
        ", cannot be told: point dataset.location to one of them",
    ),
    "classes beside a group": (
        ["Images/{cats,dogs}/{1,2}.jpg", "more/{1,2}.jpg"],
        "'Images' holds several folders of photographs ('cats', 'dogs'), and beside it 'more' not: point",
    ),
    "a class called test": (
        ["{test,airport,sea}/{1,2}.jpg"],
        "set has split folders ('test') beside class folders ('airport', 'sea')",
    ),
    "a class called test, and a class with a folder": (
        ["{test,airport}/{1,2}.jpg", "sea/{1,2,3}.jpg", "sea/more/4.jpg"],
        "set has split folders ('test') beside class folders ('airport', 'sea')",
    ),
    "a class beside the splits": (
        ["{train,test}/{cats,dogs}/{1,2}.jpg", "cats/3.jpg"],
        "set has split folders ('test', 'train') beside class folders ('cats')",
    ),
    "an unknown split": (
        ["{train,test,holdout}/{cats,dogs}/{1,2}.jpg"],
        "'holdout' has the same folders as 'test', 'train' beside it, and its name is that of no split: rename it",
    ),
    "two cases of a class": (
        ["train/{Cats,dogs}/{1,2}.jpg", "test/{cats,dogs}/{1,2}.jpg"],
        "the classes 'Cats' and 'cats' are two spellings of one: make them one, or rename",
    ),
    "spaces and underscores": (
        ["{polar bear,polar_bear,fox}/{1,2}.jpg"],
        "'polar bear' and 'polar_bear' are two spellings",
    ),
    "a space at the end": (
        ["train/{fox,owl}/{1,2}.jpg", "test/{fox ,owl}/3.jpg"],
        "'fox' and 'fox ' are two spellings",
    ),
    "splits in a split": (
        ["data/train/{train,val}/{1,2}.jpg"],
        "'train', 'val' have the names of splits, not of classes",
    ),
    "splits in each split": (["{train,test}/{train,test}_images/{1,2}.jpg"], "have the names of splits"),
    "unlabelled photographs": (["{cats,dogs,unlabeled}/{1,2}.jpg"], "by its name, 'unlabeled' is no class"),
    "a heap to be sorted": (["{cats,dogs,New folder}/{1,2}.jpg"], "by its name, 'New folder' is no class"),
    "CVAT's export": (["default/{cat,dog,no_label}/{1,2}.jpg"], "by its name, 'no_label' is no class"),
    "CASIA": (["CASIA2/{Au,Tp,CASIA 2 Groundtruth}/{1,2}.jpg"], "by its name, 'CASIA 2 Groundtruth' is no class"),
    "versions of all photographs": (["{images,images_small}/{1,2}.jpg"], "'images', 'images_small' look like versions"),
    "a copy that is none": (
        [
            "cell_images/{Parasitized,Uninfected}/{1,2}.png",
            "cell_images/cell_images/{Parasitized,Uninfected}/{1,3}.png",
        ],
        "set/cell_images: 'cell_images' has the same folders as lie beside it, and other photographs",
    ),
    "documents only": (["{a,b}/{1,2}.txt"], "set has no images: none of its 4 files lies in a class folder"),
}


def expanded(pattern: str) -> Iterator[str]:
    """The names that a shell makes of braces."""
    start = pattern.find("{")
    if start < 0:
        yield pattern
        return
    depth, pieces, last = 0, [], start + 1
    for at in range(start, len(pattern)):
        depth += {"{": 1, "}": -1}.get(pattern[at], 0)
        if (pattern[at] == "," and depth == 1) or depth == 0:
            pieces.append(pattern[last:at])
            last = at + 1
        if depth == 0:
            break
    for piece in pieces:
        yield from (pattern[:start] + rest for rest in expanded(piece + pattern[last:]))


def files_of(patterns: list[str]) -> list[str]:
    return [name for pattern in patterns for name in expanded(pattern)]


DIFFERENT = re.compile(
    r"color|grayscale|segmented|original|augmented|size|Bands|100x100|holdout|segmentations|masks|COVID/|Lung|Normal|bottle"
    "|cable|batch_1|Fold 1|dslr|2019"
)


def same_name(one: str, other: str) -> bool:
    """In these data sets, copies have the same names, and versions have others' contents."""
    return DIFFERENT.findall(one) == DIFFERENT.findall(other)


@pytest.mark.parametrize(("patterns", "expected"), WITH_CLASSES.values(), ids=WITH_CLASSES)
def test_classes_and_splits(patterns: list[str], expected: str) -> None:
    rows = index_members(files_of(patterns), [], "set", same_name).rows
    found = []
    for split in ("train", "validation", "test"):
        if labels := sorted(set(rows.loc[rows["split"] == split, "label"])):
            found.append(f"{split}: {' '.join(labels)}")
    assert "; ".join(found) == expected
    assert rows["member"].is_unique


@pytest.mark.parametrize(("patterns", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_decided_is_refused(patterns: list[str], message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)) as error:
        index_members(files_of(patterns), [], "set", same_name)
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    "patterns", ["a\n\x1b[2J/{v1,v2}/{c\x07,d\x07}/1.jpg", "{train,b\x07}/{c\n,d}/1.jpg", "\x07/part_{1,2}/1.jpg"]
)
def test_names_in_messages_steer_no_terminal(patterns: str) -> None:
    with pytest.raises(UserError) as error:
        index_members(files_of([patterns]), [], "set")
    assert str(error.value).isprintable()


def test_a_folder_as_deep_as_an_archive_allows_is_no_burden() -> None:
    for depth in (1, 15_000):
        assert len(index_members(["a/" * depth + name for name in ("b/1.jpg", "c/1.jpg")], [], "set").rows) == 2
